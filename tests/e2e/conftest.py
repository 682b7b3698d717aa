"""What end-to-end tests share."""

from server import server as server
