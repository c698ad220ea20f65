"""Questions on top of ``walk``: can this reach that, and why not."""
