"""Integration with the desktop: notifications, progress on the icon, idle time, screens."""
