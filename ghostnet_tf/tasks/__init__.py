"""What networks do besides naming photos: one folder a task."""
