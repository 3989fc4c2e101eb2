"""Compare the convolutional LSTM with Keras' ConvLSTM2D, weights copied.

Both read the same videos with the same weights. Printed are the largest difference of
their states, and the ratio of times of forward and backward pass in one thread. Needs
Keras 3 with torch as its backend::

    pip install keras
    python benchmarks/convlstm_keras.py
"""

from __future__ import annotations

import os
import statistics
import time

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

from sksequence.nn import ConvLSTM


def pair(
    channels: int, hidden: int, kernel: int, size: int
) -> tuple[ConvLSTM, keras.Layer]:
    """Return one layer of each library, with the same weights."""
    ours = ConvLSTM(channels, hidden, kernel_size=kernel)
    theirs = keras.layers.ConvLSTM2D(
        hidden, kernel, padding="same", return_sequences=True, data_format="channels_last"
    )
    theirs.build((None, None, size, size, channels))
    cell = ours.layers[0].ahead
    theirs.set_weights(
        [
            # Height, width, channels in, gates out; the order of gates is the same.
            cell.input_conv.weight.detach().permute(2, 3, 1, 0).numpy(),
            cell.hidden_conv.weight.detach().permute(2, 3, 1, 0).numpy(),
            cell.input_conv.bias.detach().numpy(),
        ]
    )
    return ours, theirs


def seconds(run: object, videos: torch.Tensor, n: int = 7) -> list[float]:
    """Return the seconds of forward and backward pass, n times."""
    spent = []
    for _ in range(n):
        begin = time.perf_counter()
        run(videos).square().sum().backward()  # type: ignore[operator]
        spent.append(time.perf_counter() - begin)
    return spent


def main() -> None:
    """Print a Markdown table."""
    torch.set_num_threads(1)
    keras.utils.set_random_seed(0)
    print(f"Keras {keras.__version__} on torch {torch.__version__}\n")
    print("| channels | hidden | kernel | frames | largest difference | Keras / ours |")
    print("| --- | --- | --- | --- | --- | --- |")
    for channels, hidden, kernel, size in [
        (1, 4, 3, 8),
        (3, 16, 3, 16),
        (16, 64, 3, 16),
        (2, 8, 5, 12),
    ]:
        ours, theirs = pair(channels, hidden, kernel, size)
        videos = torch.randn(8, 10, size, size, channels)
        channels_second = videos.permute(0, 1, 4, 2, 3)
        a = ours.train()(channels_second)[0].permute(0, 1, 3, 4, 2)
        b = theirs(videos)
        apart = (a - b).abs().max().item()
        ratio = statistics.median(
            theirs_s / ours_s
            for ours_s, theirs_s in zip(
                seconds(lambda x: ours(x)[0], channels_second),  # noqa: B023
                seconds(theirs, videos),
                strict=True,
            )
        )
        row = channels, hidden, kernel, f"{size} x {size}", f"{apart:.1e}", f"{ratio:.2f}"
        print("|", " | ".join(map(str, row)), "|", flush=True)


if __name__ == "__main__":
    main()
