"""The buyer's portal: purchases, downloads and receipts of the owner of a link."""
