"""Files of contents and deliverables: upload, replacement and removal from storage."""
