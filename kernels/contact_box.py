"""Where a sphere or a capsule touches a box. Arguments as in `contact_plane`."""

from genesis_state.kernels.contact_round import in_segment
from genesis_state.kernels.geom_kinds import BOX, CAPSULE, kind
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import MIN_NORM, column

FAR = 1e30  # square of a distance that nothing has, in 32 bits too


@ti.func
def two_places(centre, half, box, eps):
    """The places of up to two contacts on the axis of a capsule, in the frame of a box.

    The first is an end of the axis that is inside the box or over a face, or where the axis is
    nearest to an edge: whichever is nearest. From there the capsule may lead on over the box; the
    second place is where it leaves the box, or its end.

    Args:
        centre: Middle of the axis [m].
        half: From there to its end [m].
        box: Half sizes of the box [m].
        eps: Precision of a float.

    Returns:
        The two places, from -1 to 1, and how many there are.
    """
    best = FAR
    first = 0.0
    point = centre  # of the box
    touched = ti.Vector([0, 0, 0])  # axes along which this point is at an end of the box
    over_face = False
    for k in range(2):
        place = 2.0 * k - 1.0
        end = centre + place * half
        nearest = ti.math.clamp(end, -box, box)
        square = (nearest - end).dot(nearest - end)
        outside = ti.Vector([0, 0, 0])
        for i in ti.static(range(3)):
            if nearest[i] != end[i]:
                outside[i] = 1
        if outside.sum() <= 1 and square < best:
            best = square
            first = place
            point = nearest
            touched = outside
            over_face = True
    length2 = half.dot(half)
    for k in range(12):
        # An edge has its middle at `corner` and leads along `axis`.
        axis = k // 4
        corner = -box
        corner[axis] = 0.0
        low = 1 if axis == 0 else 0
        high = 1 if axis == 2 else 2
        if k & 1:
            corner[low] = box[low]
        if k & 2:
            corner[high] = box[high]
        size = box[axis]
        offset = corner - centre
        across = half
        across[axis] = 0.0
        width2 = across.dot(across)
        # Beside an edge that is parallel there are others, or a face.
        if not size * size * width2 < ti.max(MIN_NORM, 64.0 * eps * eps * size * size * length2):
            wish = (half[axis] * across.dot(offset) / width2 - offset[axis]) / size
            at = in_segment(wish)
            place = in_segment((half.dot(offset) + half[axis] * size * at) / length2)
            again = (half[axis] * place - offset[axis]) / size
            at = in_segment(again)
            gap = offset - place * half
            gap[axis] += size * at
            square = gap.dot(gap)
            # What was found before wins if it is as near, up to rounding.
            if square < best * (1.0 - 64.0 * eps) - MIN_NORM:
                best = square
                first = place
                over_face = False
                # An edge on whose end the search was once counts as touched there.
                if ti.abs(wish) > 1.0 and not ti.abs(again) > 1.0:
                    at = in_segment(wish)
                point = corner
                point[axis] = size * at
                touched = ti.Vector([1, 1, 1])
                if ti.abs(at) < 1.0:
                    touched[axis] = 0

    # Which way the capsule leads inwards: along the greater part of its axis.
    turn = -first
    leads_on = touched.sum() == 1
    if not over_face:
        inwards = 0.0
        outwards = 0.0
        n_inwards = 0
        for i in ti.static(range(3)):
            if touched[i] == 1:
                if (half[i] > 0.0) != (point[i] > 0.0):
                    inwards += half[i] * half[i]
                    n_inwards += 1
                else:
                    outwards += half[i] * half[i]
        turn = 1.0 if inwards > outwards else -1.0
        leads_on = 0 < n_inwards and n_inwards < touched.sum()
    way = 1.0 - turn * first
    for i in ti.static(range(3)):
        along = turn * half[i]
        wall = box[i] if along > 0.0 else -box[i]
        room = (wall - point[i]) / along
        if room > 0.0 and room < way and not (over_face and touched[i] == 1):
            way = room
    found = 0
    if best < FAR:
        found = 2 if leads_on else 1
    return first, first + turn * way, found


@ti.func
def round_box(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Sphere or capsule and box: one or two balls of a capsule, each where it is nearest."""
    middle = R2.transpose() @ (p1 - p2)
    half = s1[1] * (R2.transpose() @ column(R1, 2))
    place = 0.0
    second = 0.0
    count = 1
    if ti.static(kind(CAPSULE, BOX) in n.kinds):
        if s1[1] > 0.0:
            count = 0
            if not (abs(middle) - abs(half) - s2).max() > s1[0] + reach:
                place, second, count = two_places(middle, half, s2, n.eps)
    for _ in range(count):
        centre = middle + place * half
        nearest = ti.math.clamp(centre, -s2, s2)
        normal = nearest - centre
        gap = ti.sqrt(normal.dot(normal))
        if gap > MIN_NORM:
            normal /= gap
        else:
            # Inside: out of the nearest face.
            gap = -FAR
            for i in ti.static(range(3)):
                depth = ti.abs(centre[i]) - s2[i]
                if depth > gap:
                    gap = depth
                    normal = ti.Vector([0.0, 0.0, 0.0])
                    normal[i] = -1.0 if centre[i] > 0.0 else 1.0
        dist = gap - s1[0]
        if dist <= reach:
            normal = R2 @ normal
            pos = p2 + R2 @ centre + (s1[0] + 0.5 * dist) * normal
            add_contact(e, n, d, pair, pos, normal, dist, ti.Vector([0.0, 0.0, 0.0]))
        place = second
