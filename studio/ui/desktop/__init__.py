"""What the desktop offers: notifications, progress on the icon, idle time, screens."""
