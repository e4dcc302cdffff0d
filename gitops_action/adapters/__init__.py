"""All input and output, one module or package for each system we talk to."""
