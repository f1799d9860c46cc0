"""What a scene looks like: pictures without a screen, and an interactive view in the browser.

    Scene ─► Drawing (shapes, once)      SimState ─► Frame (poses, each moment)
                     └──────────► picture, View ◄──────────┘

Everything that is drawn comes from a state's bytes, which are copied: looking changes nothing.
"""
