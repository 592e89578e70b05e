"""What `import ghostnet_tf as gn` gives. It reaches every room, and no room imports it."""
