"""Variables for meshes and for pairs of convex shapes that have no closed form.

A hull belongs to a mesh; one more, with corners at ±1, serves all boxes. The difference of two
shapes is the set of all a - b, a from the first and b from the second.
"""

from genesis_state.schema import Schema, StateVar


class ConvexState(Schema):
    """Hulls, and the scratch of the algorithms on them."""

    difference_vertex = StateVar(
        "Points of a difference [m]", ("polytope_vertex",), (3,), role="scratch"
    )
    difference_point = StateVar(
        "Where they are on the first shape [m]", ("polytope_vertex",), (3,), role="scratch"
    )
    difference_face = StateVar(
        "Vertices of a polytope's faces", ("polytope_face",), (3,), dtype="int", role="scratch"
    )
    difference_normal = StateVar("Their outward normals", ("polytope_face",), (3,), role="scratch")
    difference_offset = StateVar(
        "And their distances from zero [m]", ("polytope_face",), role="scratch"
    )
    difference_edge = StateVar(
        "Edges around a hole in a polytope", ("polytope_vertex",), (2,), dtype="int", role="scratch"
    )
    convex_found = StateVar(
        "Of the pair at hand: 0 too far, 1 apart, 2 overlapping", dtype="int", role="scratch"
    )
    convex_normal = StateVar("Its normal in the first geom's frame", (), (3,), role="scratch")
    convex_point = StateVar("Its point on the first core [m]", (), (3,), role="scratch")
    convex_dist = StateVar("Its distance of the cores [m]", role="scratch")
    polygon = StateVar(
        "Two faces and two stages of clipping [m]",
        ("polygon", "polygon_vertex"),
        (3,),
        role="scratch",
    )
    polygon_dist = StateVar("Distances of clipped points [m]", ("polygon_vertex",), role="scratch")

    geom_hull = StateVar("Hull, or -1", ("geom",), dtype="int", role="model")
    hull_vertex_start = StateVar("First vertex", ("hull",), dtype="int", role="model")
    hull_n_vertices = StateVar("Vertices", ("hull",), dtype="int", role="model")
    hull_climbs = StateVar(
        "Whether its support is found along the edges", ("hull",), dtype="int", role="model"
    )
    hull_seed = StateVar(
        "A vertex for each of 27 directions", ("hull_direction",), dtype="int", role="model"
    )
    hull_vertex = StateVar(
        "Vertices, in the geom's frame [m]", ("hull_vertex",), (3,), role="model"
    )
    hull_edge_start = StateVar(
        "First edge of a vertex", ("hull_vertex",), dtype="int", role="model"
    )
    hull_n_edges = StateVar("Its edges", ("hull_vertex",), dtype="int", role="model")
    hull_edge = StateVar("Vertex at the other end", ("hull_edge",), dtype="int", role="model")
    hull_corner_start = StateVar(
        "First face of a vertex", ("hull_vertex",), dtype="int", role="model"
    )
    hull_n_corners = StateVar("Its faces", ("hull_vertex",), dtype="int", role="model")
    hull_corner = StateVar("These faces", ("hull_corner",), dtype="int", role="model")
    hull_face_start = StateVar("First vertex of a face", ("hull_face",), dtype="int", role="model")
    hull_face_size = StateVar("Its vertices", ("hull_face",), dtype="int", role="model")
    hull_face_normal = StateVar("Outward normal", ("hull_face",), (3,), role="model")
    hull_face_vertex = StateVar(
        "Vertices around each face", ("hull_corner",), dtype="int", role="model"
    )
