"""What a network is trained to do: one folder a task, and what they have in common."""
