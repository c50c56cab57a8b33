"""The `controlPlane` section: how fast the machinery around the pods is; one part a file."""
