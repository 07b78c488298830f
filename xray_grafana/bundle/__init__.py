"""From a config to the files of a bundle, and from those to an output folder."""
