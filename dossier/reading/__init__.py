"""Reading an item: the one path on which anything leaves the service, decided and recorded before it does."""
