// Command deviceplugin is a device plugin for tests: it has two VFs that do not exist, and
// gives them to containers as the SR-IOV network device plugin does, by an environment
// variable and device-info files. The variable does not have the order of the addresses,
// so that a test can see who depends on it. It drives no hardware. Start with Allocate.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	resource = "podnet.example/vf"
	infoDir  = "/var/run/k8s.cni.cncf.io/devinfo/dp"
	socket   = "podnet-vf.sock"
)

var devices = []string{"0000:5e:02.0", "0000:5e:02.1"}

type plugin struct {
	pb.UnimplementedDevicePluginServer
}

// GetDevicePluginOptions implements the device plugin API.
func (plugin) GetDevicePluginOptions(context.Context, *pb.Empty) (*pb.DevicePluginOptions, error) {
	return &pb.DevicePluginOptions{}, nil
}

// ListAndWatch implements the device plugin API.
func (plugin) ListAndWatch(_ *pb.Empty, stream pb.DevicePlugin_ListAndWatchServer) error {
	var list pb.ListAndWatchResponse
	for _, id := range devices {
		list.Devices = append(list.Devices, &pb.Device{ID: id, Health: pb.Healthy})
	}
	if err := stream.Send(&list); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate implements the device plugin API.
func (plugin) Allocate(_ context.Context, request *pb.AllocateRequest) (*pb.AllocateResponse, error) {
	variable := "PCIDEVICE_" + strings.ToUpper(strings.NewReplacer("/", "_", ".", "_").Replace(resource))
	response := new(pb.AllocateResponse)
	for _, c := range request.ContainerRequests {
		ids := slices.Sorted(slices.Values(c.DevicesIds))
		slices.Reverse(ids)
		response.ContainerResponses = append(response.ContainerResponses, &pb.ContainerAllocateResponse{
			Envs: map[string]string{variable: strings.Join(ids, ",")},
		})
	}
	return response, nil
}

func main() {
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	if err := os.MkdirAll(infoDir, 0o755); err != nil {
		return err
	}
	for _, id := range devices {
		info, err := json.Marshal(map[string]any{"type": "pci", "version": "1.1.0", "pci": map[string]string{"pci-address": id}})
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%s-device.json", strings.ReplaceAll(resource, "/", "-"), id)
		if err := os.WriteFile(filepath.Join(infoDir, name), info, 0o644); err != nil {
			return err
		}
	}
	listener, err := net.Listen("unix", filepath.Join(pb.DevicePluginPath, socket))
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterDevicePluginServer(server, plugin{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	kubelet, err := grpc.NewClient("unix://"+pb.KubeletSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	register := &pb.RegisterRequest{Version: pb.Version, Endpoint: socket, ResourceName: resource}
	if _, err := pb.NewRegistrationClient(kubelet).Register(ctx, register, grpc.WaitForReady(true)); err != nil {
		return err
	}
	return <-served
}
