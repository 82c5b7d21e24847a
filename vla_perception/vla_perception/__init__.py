"""Camera images to labelled objects in the map, with a memory of the scene."""
