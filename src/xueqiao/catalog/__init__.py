"""What can be learnt: resources, courses and the words by which people find them."""
