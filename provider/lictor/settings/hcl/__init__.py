"""HCL 1, the language of consul-ec2-alb's files, read with the place of every key and value."""
