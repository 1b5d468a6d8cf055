// Command dns is the cluster's DNS in tests. It answers only the queries that the manifests
// cause: A records of <service>.<namespace>.svc.cluster.local for headless services, from
// the service's current endpoints. Start with answer.
package main

import (
	"context"
	"log"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const zone = ".svc.cluster.local."

func main() {
	if err := serve(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func serve(address string) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	buf := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return err
		}
		reply, err := answer(client, buf[:n])
		if err != nil {
			log.Printf("%s: %v", from, err)
			continue
		}
		if _, err := conn.WriteTo(reply, from); err != nil {
			log.Print(err)
		}
	}
}

// answer makes the reply to a query.
func answer(client kubernetes.Interface, query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative, m.RecursionAvailable = true, true, true
	m.Answers, m.Authorities, m.Additionals = nil, nil, nil
	m.RCode = dnsmessage.RCodeNameError
	if len(m.Questions) == 1 {
		question := m.Questions[0]
		addresses, err := lookup(client, strings.ToLower(question.Name.String()))
		if err != nil {
			return nil, err
		}
		if len(addresses) > 0 {
			m.RCode = dnsmessage.RCodeSuccess
		}
		for _, a := range addresses {
			if question.Type == dnsmessage.TypeA {
				m.Answers = append(m.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
					Body:   &dnsmessage.AResource{A: a.As4()},
				})
			}
		}
	}
	return m.Pack()
}

// lookup gives the addresses of a service's endpoints; none: there is no such name.
func lookup(client kubernetes.Interface, name string) (out []netip.Addr, err error) {
	labels, ok := strings.CutSuffix(name, zone)
	service, namespace, two := strings.Cut(labels, ".")
	if !ok || !two || strings.Contains(namespace, ".") {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	slices, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + service})
	if err != nil {
		return nil, err
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			for _, text := range endpoint.Addresses {
				if a, err := netip.ParseAddr(text); err == nil && a.Is4() {
					out = append(out, a)
				}
			}
		}
	}
	return out, nil
}
