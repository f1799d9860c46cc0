"""Fields to rows of 32-bit words and back: the way every backend has.

`fields` are the variables of one block in the order of their bytes, `offsets` where each begins
in a row, in words, `bools` which hold bools, though perhaps in words; `lead` is 1 if the first axis
of a field counts rows, 0 if it has none. A row is an environment's bytes; a 64-bit number takes two
words, low first, and four bools share one.
"""

from genesis_state.kernels.lang import ti


@ti.func
def component(field: ti.template(), I, r: ti.template(), c: ti.template()):
    """Entry (r, c) of the element at `I`; a scalar field has only (0, 0)."""
    x = field[I]
    if ti.static(isinstance(field, ti.MatrixField)):
        if ti.static(field.m == 1):
            return x[r]
        else:
            return x[r, c]
    else:
        return x


@ti.func
def row_of(I, lead: ti.template()):
    """The row an element belongs to; fields without a row axis are row 0 of a single one."""
    e = 0
    if ti.static(lead == 1):
        e = I[0]
    return e


@ti.func
def element_index(field: ti.template(), I, lead: ti.template()):
    """Position of `I` among the elements of its row."""
    i = 0
    for axis in ti.static(range(lead, len(field.shape))):
        i = i * field.shape[axis] + I[axis]
    return i


@ti.kernel
def addresses(fields: ti.template(), out: ti.types.ndarray(dtype=ti.i64, ndim=2)):
    """Address of each field's first number at the first and the second index of its first axis."""
    for _ in range(1):
        for f in ti.static(range(len(fields))):
            field = ti.static(fields[f])
            second = ti.static(min(1, field.shape[0] - 1))
            if ti.static(len(field.shape) == 1):
                out[f, 0] = ti.cast(ti.get_addr(field, [0]), ti.i64)
                out[f, 1] = ti.cast(ti.get_addr(field, [second]), ti.i64)
            elif ti.static(len(field.shape) == 2):
                out[f, 0] = ti.cast(ti.get_addr(field, [0, 0]), ti.i64)
                out[f, 1] = ti.cast(ti.get_addr(field, [second, 0]), ti.i64)
            else:
                out[f, 0] = ti.cast(ti.get_addr(field, [0, 0, 0]), ti.i64)
                out[f, 1] = ti.cast(ti.get_addr(field, [second, 0, 0]), ti.i64)


@ti.func
def gather_field(
    field: ti.template(), offset: ti.template(), rows: ti.template(), lead: ti.template()
):
    """Writes the words of one field into its place in `rows`."""
    rows_n = ti.static(getattr(field, "n", 1))
    rows_m = ti.static(getattr(field, "m", 1))
    for I in ti.grouped(field):
        i = element_index(field, I, lead) * rows_n * rows_m
        for r in ti.static(range(rows_n)):
            for c in ti.static(range(rows_m)):
                x = component(field, I, r, c)
                k = i + r * rows_m + c
                if ti.static(field.dtype == ti.f64):
                    bits = ti.bit_cast(x, ti.i64)
                    rows[row_of(I, lead), offset + 2 * k] = ti.cast(bits, ti.i32)
                    rows[row_of(I, lead), offset + 2 * k + 1] = ti.cast(bits >> 32, ti.i32)
                elif ti.static(field.dtype == ti.f32):
                    rows[row_of(I, lead), offset + k] = ti.bit_cast(x, ti.i32)
                else:
                    rows[row_of(I, lead), offset + k] = x


@ti.func
def scatter_field(
    field: ti.template(),
    offset: ti.template(),
    rows: ti.template(),
    source: ti.template(),
    lead: ti.template(),
):
    """Reads one field's words from its place in the rows that `source` names."""
    rows_n = ti.static(getattr(field, "n", 1))
    rows_m = ti.static(getattr(field, "m", 1))
    for I in ti.grouped(field):
        s = source[row_of(I, lead)]
        if s >= 0:
            i = element_index(field, I, lead) * rows_n * rows_m
            x = field[I]
            for r in ti.static(range(rows_n)):
                for c in ti.static(range(rows_m)):
                    k = i + r * rows_m + c
                    y = component(field, I, r, c)
                    if ti.static(field.dtype == ti.f64):
                        low = ti.cast(ti.cast(rows[s, offset + 2 * k], ti.u32), ti.i64)
                        high = ti.cast(rows[s, offset + 2 * k + 1], ti.i64) << 32
                        y = ti.bit_cast(high | low, ti.f64)
                    elif ti.static(field.dtype == ti.f32):
                        y = ti.bit_cast(rows[s, offset + k], ti.f32)
                    else:
                        y = rows[s, offset + k]
                    if ti.static(isinstance(field, ti.MatrixField)):
                        if ti.static(field.m == 1):
                            x[r] = y
                        else:
                            x[r, c] = y
                    else:
                        x = y
            field[I] = x


@ti.func
def gather_bools(
    field: ti.template(), offset: ti.template(), rows: ti.template(), lead: ti.template()
):
    """Packs a field of bools, four to a word."""
    for I in ti.grouped(field):
        i = element_index(field, I, lead)
        # The four bools of a word may meet from different threads.
        bit = ti.cast(field[I] != 0, ti.i32) << (8 * (i % 4))
        ti.atomic_or(rows[row_of(I, lead), offset + i // 4], bit)


@ti.func
def scatter_bools(
    field: ti.template(),
    offset: ti.template(),
    rows: ti.template(),
    source: ti.template(),
    lead: ti.template(),
):
    """Unpacks a field of bools from the rows that `source` names."""
    for I in ti.grouped(field):
        s = source[row_of(I, lead)]
        if s >= 0:
            i = element_index(field, I, lead)
            byte = (rows[s, offset + i // 4] >> (8 * (i % 4))) & 0xFF
            field[I] = byte != 0


@ti.kernel
def gather(
    fields: ti.template(),
    offsets: ti.template(),
    bools: ti.template(),
    lead: ti.template(),
    rows: ti.types.ndarray(dtype=ti.i32, ndim=2),
):
    """Every field of a block → rows, shape (n_rows, words); padding becomes zero."""
    for I in ti.grouped(rows):
        rows[I] = 0  # here: Taichi sends nothing to a device that its kernel writes only
    for f in ti.static(range(len(fields))):
        if ti.static(bools[f]):
            gather_bools(fields[f], offsets[f], rows, lead)
        else:
            gather_field(fields[f], offsets[f], rows, lead)


@ti.kernel
def scatter(
    fields: ti.template(),
    offsets: ti.template(),
    bools: ti.template(),
    lead: ti.template(),
    rows: ti.types.ndarray(dtype=ti.i32, ndim=2),
    source: ti.types.ndarray(dtype=ti.i32, ndim=1),
):
    """rows, shape (any, words) → fields: row e takes row source[e], or stays where that is -1."""
    for f in ti.static(range(len(fields))):
        if ti.static(bools[f]):
            scatter_bools(fields[f], offsets[f], rows, source, lead)
        else:
            scatter_field(fields[f], offsets[f], rows, source, lead)
