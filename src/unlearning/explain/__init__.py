"""What carries an answer in a network: attributions, their mean maps, and whether these tell the truth."""
