"""The way out: X-Ray's operations, and the four of Application Signals, as AWS answers them."""
