// An empty module in place of one whose host is gone. The userspace CNI requires
// it, and nothing that test/parity builds imports it.
module git.fd.io/govpp.git

go 1.15
