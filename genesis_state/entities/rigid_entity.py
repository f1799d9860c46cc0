"""A robot or body in a scene."""


class RigidEntity:
    def __init__(self, scene, idx, name, morph, material):
        self.scene, self.idx, self.name, self.morph, self.material = scene, idx, name, morph, material
