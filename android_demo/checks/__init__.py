"""What can be checked of the app without an Android SDK."""
