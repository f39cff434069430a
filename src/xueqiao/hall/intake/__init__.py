"""Classes, learners and results that other systems deliver, and the sample classes of the demo."""
