"""Vectors of a fixed number of lanes, and a matrix product on them, for numba.

LLVM has vector types, numba does not. This module adds them to numba: arithmetic with
the usual operators, also with a Python float, loads and stores at raw pointers, and the
inner loop of a matrix product that keeps its result in registers. A vector has 64 bytes
on every machine; LLVM splits it where registers are smaller.
"""

from __future__ import annotations

import operator

from numba import njit, types
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    overload,
    register_model,
)

from .borrowed import AbstractTemplate, cgutils, infer_global, ir, signature
from .layout import ROWS, VECTOR_BYTES


class Vector(types.Type):
    """The type of a vector of floats."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        super().__init__(manager, vector, _vector_of(vector.dtype))


def _vector_of(dtype: types.Float) -> ir.VectorType:
    element = ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType()
    return ir.VectorType(element, VECTOR_BYTES * 8 // dtype.bitwidth)


def _constant(kind: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(kind, [value] * kind.count)


def _splat(builder, scalar):
    kind = ir.VectorType(scalar.type, VECTOR_BYTES // _bytes_of(scalar.type))
    undefined = ir.Constant(kind, ir.Undefined)
    index = ir.IntType(32)
    one = builder.insert_element(undefined, scalar, ir.Constant(index, 0))
    first = ir.Constant(ir.VectorType(index, kind.count), [0] * kind.count)
    return builder.shuffle_vector(one, undefined, first)


def _bytes_of(element) -> int:
    return 4 if isinstance(element, ir.FloatType) else 8


def _call(builder, name: str, *vectors):
    """Call an LLVM intrinsic on vectors."""
    kind = vectors[0].type
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(kind, [kind] * len(vectors)),
        f"llvm.{name}.v{kind.count}f{8 * _bytes_of(kind.element)}",
    )
    return builder.call(function, vectors)


def _place(builder, pointer, kind):
    """Return the pointer to a vector, and its alignment, that of its elements."""
    return builder.bitcast(pointer, kind.as_pointer()), _bytes_of(kind.element)


def _load(builder, pointer, kind):
    place, align = _place(builder, pointer, kind)
    return builder.load(place, align=align, typ=kind)


def _store(builder, vector, pointer):
    place, align = _place(builder, pointer, vector.type)
    builder.store(vector, place, align=align)


# ------------------------------------------------------------------------- arithmetic


def _with_operators() -> None:
    instructions = {
        operator.add: "fadd",
        operator.sub: "fsub",
        operator.mul: "fmul",
        operator.truediv: "fdiv",
    }
    for function, instruction in instructions.items():

        @infer_global(function)
        class Typing(AbstractTemplate):
            def generic(self, args, kws):
                vectors = [arg for arg in args if isinstance(arg, Vector)]
                others = [arg for arg in args if not isinstance(arg, Vector)]
                if vectors and all(isinstance(other, types.Float) for other in others):
                    return signature(vectors[0], *args)
                return None

        def lower(context, builder, sig, args, instruction=instruction):
            wide = [
                value
                if isinstance(kind, Vector)
                else _splat(
                    builder, context.cast(builder, value, kind, sig.return_type.dtype)
                )
                for kind, value in zip(sig.args, args, strict=True)
            ]
            return getattr(builder, instruction)(*wide)

        for kinds in (
            (Vector, Vector),
            (Vector, types.Float),
            (types.Float, Vector),
        ):
            lower_builtin(function, *kinds)(lower)


_with_operators()


@infer_global(operator.neg)
class _NegativeTyping(AbstractTemplate):
    def generic(self, args, kws):
        return signature(args[0], *args) if isinstance(args[0], Vector) else None


@lower_builtin(operator.neg, Vector)
def _negative(context, builder, sig, args):
    return builder.fneg(args[0])


def _generating(name: str):
    def generate(context, builder, sig, args):
        return _call(builder, name, *args)

    return generate


@intrinsic
def fma(typing, a, b, c):
    """Return a * b + c, rounded once."""
    return a(a, b, c), _generating("fma")


@intrinsic
def _fabs(typing, x):
    return x(x), _generating("fabs")


@intrinsic
def _rint(typing, x):
    return x(x), _generating("rint")


@intrinsic
def _copysign(typing, x, y):
    return x(x, y), _generating("copysign")


@intrinsic
def square_root(typing, x):
    """Return the square root of a number in double precision."""
    if x != types.float64:
        return None

    def generate(context, builder, sig, args):
        kind = ir.DoubleType()
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind]), "llvm.sqrt.f64"
        )
        return builder.call(function, args)

    return x(x), generate


@intrinsic
def constant(typing, like, value):
    """Return a vector filled with a number; ``like`` is a vector of the same type."""

    def generate(context, builder, sig, args):
        return _splat(builder, context.cast(builder, args[1], value, like.dtype))

    return like(like, value), generate


def _choosing(comparison: str):
    @intrinsic
    def function(typing, x, y):
        def generate(context, builder, sig, args):
            first, second = args
            # If x is NaN, the comparison is false and NaN is returned.
            return builder.select(
                builder.fcmp_ordered(comparison, second, first), second, first
            )

        return x(x, y), generate

    return function


smaller = _choosing("<")
larger = _choosing(">")


@intrinsic
def where_positive(typing, x, y):
    """Return y where x is positive or NaN, elsewhere zero."""

    def generate(context, builder, sig, args):
        zero = _constant(args[0].type, 0.0)
        return builder.select(builder.fcmp_unordered(">", args[0], zero), args[1], zero)

    return x(x, y), generate


@intrinsic
def where_equal(typing, x, y, z):
    """Return z where x equals y, elsewhere zero."""

    def generate(context, builder, sig, args):
        zero = _constant(args[2].type, 0.0)
        equal = builder.fcmp_ordered("==", args[0], args[1])
        return builder.select(equal, args[2], zero)

    return z(x, y, z), generate


@intrinsic
def where_greater(typing, x, y, z):
    """Return z where x is greater than y, elsewhere zero."""

    def generate(context, builder, sig, args):
        zero = _constant(args[2].type, 0.0)
        greater = builder.fcmp_ordered(">", args[0], args[1])
        return builder.select(greater, args[2], zero)

    return z(x, y, z), generate


@intrinsic
def sum_of(typing, x):
    """Return the sum of the lanes of a vector: halves are added until one is left."""

    def generate(context, builder, sig, args):
        found, index = args[0], ir.IntType(32)
        while found.type.count > 1:
            n = found.type.count // 2
            halves = [
                builder.shuffle_vector(
                    found,
                    ir.Constant(found.type, ir.Undefined),
                    ir.Constant(ir.VectorType(index, n), list(range(at, at + n))),
                )
                for at in (0, n)
            ]
            found = builder.fadd(*halves)
        return builder.extract_element(found, ir.Constant(index, 0))

    return x.dtype(x), generate


@intrinsic
def largest_of(typing, x, y):
    """Return the larger of two vectors, or NaN where either is NaN."""

    def generate(context, builder, sig, args):
        x, y = args
        greater = builder.fcmp_ordered(">", y, x)
        strange = builder.fcmp_unordered("uno", y, y)
        return builder.select(builder.or_(greater, strange), y, x)

    return x(x, y), generate


@intrinsic
def _power_of_two(typing, n):
    """Return 2 ** n for an integral n; the result must be a normal number."""

    def generate(context, builder, sig, args):
        # Adding 2 ** 52 (2 ** 23 in float32) moves an integer to the last bits of a
        # float, from where they are shifted to the exponent.
        kind = args[0].type
        width = 8 * _bytes_of(kind.element)
        digits, bias = (23, 127) if width == 32 else (52, 1023)
        bits = ir.VectorType(ir.IntType(width), kind.count)
        moved = builder.fadd(args[0], _constant(kind, 2.0**digits + bias))
        shift = ir.Constant(bits, [digits] * kind.count)
        return builder.bitcast(builder.shl(builder.bitcast(moved, bits), shift), kind)

    return n(n), generate


def _tanh_float32(x):
    # x p(x^2) / q(x^2), a minimax fit of the relative error on [0, 9.02]: 2e-8, or 3e-7
    # with rounding. At the limit it is one, as tanh in float32 is.
    x = smaller(larger(x, constant(x, -9.02)), constant(x, 9.02))
    y = x * x
    p = fma(constant(x, 1.3318785185844846e-08), y, constant(x, 2.0583280275e-05))
    p = fma(p, y, constant(x, 0.003494022646918893))
    p = fma(p, y, constant(x, 0.1337970793247223))
    p = fma(p, y, constant(x, 1.0))
    q = fma(constant(x, 7.761904043945833e-07), y, constant(x, 0.000328307301970))
    q = fma(q, y, constant(x, 0.025871027261018753))
    q = fma(q, y, constant(x, 0.46713024377822876))
    q = fma(q, y, constant(x, 1.0))
    return smaller(larger(x * p / q, constant(x, -1.0)), constant(x, 1.0))


def _tanh_float64(x):
    # From exp(-2 |x|) - 1: an integral power of two times a series in the remainder.
    y = smaller(2.0 * _fabs(x), constant(x, 40.0))
    n = _rint(-1.4426950408889634 * y)
    r = fma(n, constant(x, -6.93147180369123816490e-01), 0.0 - y)
    r = fma(n, constant(x, -1.90821492927058770002e-10), r)
    p = constant(x, 1 / 6227020800)
    p = fma(p, r, constant(x, 1 / 479001600))
    p = fma(p, r, constant(x, 1 / 39916800))
    p = fma(p, r, constant(x, 1 / 3628800))
    p = fma(p, r, constant(x, 1 / 362880))
    p = fma(p, r, constant(x, 1 / 40320))
    p = fma(p, r, constant(x, 1 / 5040))
    p = fma(p, r, constant(x, 1 / 720))
    p = fma(p, r, constant(x, 1 / 120))
    p = fma(p, r, constant(x, 1 / 24))
    p = fma(p, r, constant(x, 1 / 6))
    p = fma(p, r, constant(x, 1 / 2))
    p = fma(p, r, constant(x, 1.0)) * r
    power = _power_of_two(n)
    less_one = fma(power, p, power - 1.0)
    return _copysign(less_one / (less_one + 2.0), x)


def tanh(x):
    """Return the hyperbolic tangent of a vector."""
    raise NotImplementedError


@overload(tanh)
def _tanh(x):
    return _tanh_float32 if x.dtype.bitwidth == 32 else _tanh_float64


@njit
def sigmoid(x):
    """Return the logistic function of a vector."""
    half = constant(x, 0.5)
    return fma(tanh(half * x), half, half)


@njit
def relu(x):
    """Return the positive part of a vector; NaN stays NaN."""
    return where_positive(x, x)


def _exp_float32(x):
    # An integral power of two times a series in the remainder, with ln 2 in two parts.
    y = smaller(larger(x, constant(x, -105.0)), constant(x, 90.0))
    n = _rint(1.4426950408889634 * y)
    r = fma(n, constant(x, -0.693359375), y)
    r = fma(n, constant(x, 2.12194440e-4), r)
    p = constant(x, 1 / 5040)
    p = fma(p, r, constant(x, 1 / 720))
    p = fma(p, r, constant(x, 1 / 120))
    p = fma(p, r, constant(x, 1 / 24))
    p = fma(p, r, constant(x, 1 / 6))
    p = fma(p, r, constant(x, 1 / 2))
    p = fma(p * r, r, r) + 1.0
    # In two factors, as the power alone may not be a normal number.
    half = _rint(0.5 * n)
    return p * _power_of_two(half) * _power_of_two(n - half)


def _exp_float64(x):
    y = smaller(larger(x, constant(x, -750.0)), constant(x, 715.0))
    n = _rint(1.4426950408889634 * y)
    r = fma(n, constant(x, -6.93147180369123816490e-01), y)
    r = fma(n, constant(x, -1.90821492927058770002e-10), r)
    p = constant(x, 1 / 6227020800)
    p = fma(p, r, constant(x, 1 / 479001600))
    p = fma(p, r, constant(x, 1 / 39916800))
    p = fma(p, r, constant(x, 1 / 3628800))
    p = fma(p, r, constant(x, 1 / 362880))
    p = fma(p, r, constant(x, 1 / 40320))
    p = fma(p, r, constant(x, 1 / 5040))
    p = fma(p, r, constant(x, 1 / 720))
    p = fma(p, r, constant(x, 1 / 120))
    p = fma(p, r, constant(x, 1 / 24))
    p = fma(p, r, constant(x, 1 / 6))
    p = fma(p, r, constant(x, 1 / 2))
    p = fma(p * r, r, r) + 1.0
    half = _rint(0.5 * n)
    return p * _power_of_two(half) * _power_of_two(n - half)


def exp(x):
    """Return the exponential function of a vector."""
    raise NotImplementedError


@overload(exp)
def _exp(x):
    return _exp_float32 if x.dtype.bitwidth == 32 else _exp_float64


# ----------------------------------------------------------------------------- memory


@intrinsic
def shift(typing, pointer, n):
    """Return a pointer moved by n elements."""

    def generate(context, builder, sig, args):
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), generate


@intrinsic
def lanes_of(typing, pointer):
    """Return the number of lanes of a vector of a pointer's type."""

    def generate(context, builder, sig, args):
        return context.get_constant(types.intp, _vector_of(pointer.dtype).count)

    return types.intp(pointer), generate


@intrinsic
def load(typing, pointer, i):
    """Return the vector that starts at element i."""
    vector = Vector(pointer.dtype)

    def generate(context, builder, sig, args):
        return _load(builder, builder.gep(args[0], [args[1]]), _vector_of(pointer.dtype))

    return vector(pointer, types.intp), generate


@intrinsic
def store(typing, pointer, i, vector):
    """Write a vector, starting at element i."""

    def generate(context, builder, sig, args):
        _store(builder, args[2], builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(pointer, types.intp, vector), generate


@intrinsic
def transpose(typing, source, source_stride, target, target_stride):
    """Copy the transpose of a square matrix as wide as half a vector."""

    def generate(context, builder, sig, args):
        source_, source_stride, target_, target_stride = args
        whole = _vector_of(source.dtype)
        n = whole.count // 2
        kind = ir.VectorType(whole.element, n)
        at = source_stride.type

        def row(pointer, stride, i):
            return builder.gep(pointer, [builder.mul(ir.Constant(at, i), stride)])

        rows = [_load(builder, row(source_, source_stride, i), kind) for i in range(n)]
        # Swap the off-diagonal blocks of 1, 2, 4, ... elements.
        size = 1
        while size < n:
            keep = [i if not i & size else i - size + n for i in range(n)]
            rest = [i + size if not i & size else i + n for i in range(n)]
            for i in range(n):
                if not i & size:
                    pair = rows[i], rows[i + size]
                    rows[i], rows[i + size] = (
                        builder.shuffle_vector(
                            *pair, ir.Constant(ir.VectorType(ir.IntType(32), n), mask)
                        )
                        for mask in (keep, rest)
                    )
            size *= 2
        for i, vector in enumerate(rows):
            _store(builder, vector, row(target_, target_stride, i))
        return context.get_dummy_value()

    n = types.intp
    return types.void(source, n, target, n), generate


# ---------------------------------------------------------------------------- product


def _sum_products(builder, depth, starts, factors):
    """Add the products of pairs of vectors, one pair a start, for k in range(depth)."""
    at, before = depth.type, builder.block
    loop = builder.append_basic_block("product")
    behind = builder.append_basic_block("product.end")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(at)
    k.add_incoming(ir.Constant(at, 0), before)
    sums = [builder.phi(start.type) for start in starts]
    for value, start, pair in zip(sums, starts, factors(k), strict=True):
        value.add_incoming(start, before)
        value.add_incoming(_call(builder, "fma", *pair, value), loop)
    following = builder.add(k, ir.Constant(at, 1))
    k.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, behind)
    builder.position_at_end(behind)
    return [value.incomings[1][0] for value in sums]


def _load_splat(builder, pointer, element):
    """Load a number, and return a vector filled with it."""
    return _splat(builder, builder.load(pointer, align=_bytes_of(element), typ=element))


def _make_tile(*, adds: bool, packed: bool = False, columns: bool = False):
    @intrinsic
    def tile(typing, depth, a, a_stride, b, b_stride, c, c_stride):
        def generate(context, builder, sig, args):
            depth, a_, a_stride, b_, b_stride, c_, c_stride = args
            kind = _vector_of(b.dtype)
            at = depth.type

            def times(n, stride):
                return builder.mul(ir.Constant(at, n), stride)

            rows = [builder.gep(c_, [times(r, c_stride)]) for r in range(ROWS)]
            zero = _constant(kind, 0.0)
            starts = [_load(builder, row, kind) if adds else zero for row in rows]
            # In a packed matrix, or one of columns, a column's elements are adjacent.
            one, of_tile = ir.Constant(at, 1), ir.Constant(at, ROWS)
            step = of_tile if packed else a_stride if columns else one
            apart = one if packed or columns else a_stride
            firsts = [builder.gep(a_, [times(r, apart)]) for r in range(ROWS)]

            def factors(k):
                row = builder.gep(b_, [builder.mul(k, b_stride)])
                vector = _load(builder, row, kind)
                for first in firsts:
                    place = builder.gep(first, [builder.mul(step, k)])
                    yield _load_splat(builder, place, kind.element), vector

            sums = _sum_products(builder, depth, starts, factors)
            for value, row in zip(sums, rows, strict=True):
                _store(builder, value, row)
            return context.get_dummy_value()

        n = types.intp
        return types.void(n, a, n, b, n, c, n), generate

    return tile


# c (+)= a @ b with a (ROWS, depth), b (depth, one vector) and c (ROWS, one vector).
# Strides are those between rows. A packed a is stored column by column; of a matrix that
# is called one of columns, the stride is that between columns.
tile_of_packed = _make_tile(packed=True, adds=False)
add_tile_of_packed = _make_tile(packed=True, adds=True)
add_tile = _make_tile(adds=True)
tile = _make_tile(adds=False)
add_tile_of_columns = _make_tile(columns=True, adds=True)


def _make_strip(*, vectors: int, adds: bool):
    @intrinsic
    def strip(typing, depth, a, b, b_apart, c):
        def generate(context, builder, sig, args):
            depth, a_, b_, b_apart, c_ = args
            kind, at = _vector_of(b.dtype), depth.type
            width = ir.Constant(at, kind.count)
            targets = [
                builder.gep(c_, [builder.mul(ir.Constant(at, r), width)])
                for r in range(vectors)
            ]
            firsts = [
                builder.gep(b_, [builder.mul(ir.Constant(at, r), b_apart)])
                for r in range(vectors)
            ]
            zero = _constant(kind, 0.0)
            starts = [_load(builder, t, kind) if adds else zero for t in targets]

            def factors(k):
                factor = _load_splat(builder, builder.gep(a_, [k]), kind.element)
                for first in firsts:
                    place = builder.gep(first, [builder.mul(k, width)])
                    yield factor, _load(builder, place, kind)

            sums = _sum_products(builder, depth, starts, factors)
            for value, target in zip(sums, targets, strict=True):
                _store(builder, value, target)
            return context.get_dummy_value()

        n = types.intp
        return types.void(n, a, b, n, c), generate

    return strip


# c (+)= a @ b with a (depth), b (depth, n vectors) and c (n vectors); n is ROWS or one.
# Each vector of b is stored with all its rows, ``b_apart`` numbers from the next.
strip = _make_strip(vectors=ROWS, adds=False)
add_strip = _make_strip(vectors=ROWS, adds=True)
vector_product = _make_strip(vectors=1, adds=False)
add_vector = _make_strip(vectors=1, adds=True)
