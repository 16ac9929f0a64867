"""Which of the faces in a frame is the participant."""
