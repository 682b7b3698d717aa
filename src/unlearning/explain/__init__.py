"""What carries the age in a network: attributions, their mean maps, and whether these tell the truth."""
