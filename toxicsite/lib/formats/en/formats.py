"""Read by Django (settings.FORMAT_MODULE_PATH): as on the pages, and with the zone."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "Y-m-d H:i:s e"
