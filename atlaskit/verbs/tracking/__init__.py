"""What `atlaskit.track` is made of."""
