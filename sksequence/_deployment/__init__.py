"""Fitted estimators where training is over: streams, numpy alone, ONNX files."""
