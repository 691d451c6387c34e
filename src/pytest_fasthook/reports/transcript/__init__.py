"""What the judge read of a connection, as a report keeps it, so that it can be judged again."""
