"""What the device alone tells, before and after its traces are taken out: the tables of docs/evaluation.md."""
