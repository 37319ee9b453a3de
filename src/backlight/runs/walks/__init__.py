"""One example forward and backward through a network, layer by layer: `walk`."""
