"""Make a face-age model forget on request, and keep the evidence."""
