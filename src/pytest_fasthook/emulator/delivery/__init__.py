"""From a due event to the receiver and back: what is sent, what the answer means, what comes next."""
