"""What lictor looks like at work."""
