"""The way in: datagrams and calls with segment documents, checked as X-Ray checks them."""
