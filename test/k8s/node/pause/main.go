// Command pause is the program of a pod's sandbox: it keeps the pod's namespaces open and
// does nothing else. It replaces Kubernetes' pause image, which tests cannot download.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}
