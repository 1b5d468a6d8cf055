// Package parity compares podnet with the library that lib/appnetutil replaces. It
// is a module of its own, so that nobody else has that library's dependencies.
module github.com/podnet/podnet/test/parity

go 1.26.0

require (
	github.com/containernetworking/cni v1.2.0-rc1
	github.com/google/go-cmp v0.7.0
	github.com/intel/userspace-cni-network-plugin v0.0.0-20201116143459-807c52367c73
	github.com/k8snetworkplumbingwg/network-attachment-definition-client v1.7.7
	github.com/openshift/app-netutil v0.0.0-20210426072047-3d2ccb6defc2
	github.com/podnet/podnet v0.0.0
	k8s.io/utils v0.0.0-20261023123148-ca04ba58ecab
)

require (
	github.com/cyphar/filepath-securejoin v0.7.0 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/go-logfmt/logfmt v0.5.0 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/golang/protobuf v1.5.3 // indirect
	github.com/google/gofuzz v1.2.0 // indirect
	github.com/googleapis/gnostic v0.2.0 // indirect
	github.com/imdario/mergo v0.3.6 // indirect
	github.com/intel/network-resources-injector v0.0.0-20201215195952-4f073638930a // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	go.yaml.in/yaml/v2 v2.4.4 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/oauth2 v0.10.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/term v0.47.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.3.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	google.golang.org/appengine v1.6.7 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gopkg.in/inf.v0 v0.9.1 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.0.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
	k8s.io/api v0.29.0 // indirect
	k8s.io/apimachinery v0.29.0 // indirect
	k8s.io/client-go v11.0.0+incompatible // indirect
	k8s.io/klog v1.0.0 // indirect
	sigs.k8s.io/structured-merge-diff/v3 v3.0.0 // indirect
	sigs.k8s.io/yaml v1.6.0 // indirect
)

// The module under test.
replace github.com/podnet/podnet => ../..

// app-netutil's dependencies say too little of what they need; its own go.mod has
// some of these replacements, which do not reach who imports it.
replace (
	// Nobody imports it here, and its host is gone.
	git.fd.io/govpp.git => ./internal/govpp

	// The userspace CNI's types use pkg/types/current, which 1.0 has no more.
	github.com/containernetworking/cni => github.com/containernetworking/cni v0.8.0

	// The userspace CNI calls client-go as it is since 0.18; its requirements
	// amount to v11.0.0+incompatible, which is older and does not build. The
	// other two have to be of the same release. The NAD client v1.7.7, which
	// podnet and app-netutil share here, asks for apimachinery v0.29 and is
	// content with this one: both use its plain types only.
	k8s.io/api => k8s.io/api v0.18.5
	k8s.io/apimachinery => k8s.io/apimachinery v0.18.5
	k8s.io/client-go => k8s.io/client-go v0.18.5
)
