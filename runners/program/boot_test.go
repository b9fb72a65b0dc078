package program

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/artifact"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// bootRunner is a runner as a container's boot sees it.
type bootRunner struct {
	fnpb.UnimplementedProvisionServiceServer
	jobpb.UnimplementedArtifactRetrievalServiceServer
	fnpb.UnimplementedBeamFnControlServer
	info    *fnpb.ProvisionInfo
	program []byte
	fetched atomic.Int32
	workers atomic.Int32
}

func (r *bootRunner) Control(fnpb.BeamFnControl_ControlServer) error {
	r.workers.Add(1)
	return nil // there is no work
}

func (r *bootRunner) GetProvisionInfo(context.Context, *fnpb.GetProvisionInfoRequest) (*fnpb.GetProvisionInfoResponse, error) {
	return &fnpb.GetProvisionInfoResponse{Info: r.info}, nil
}

func (r *bootRunner) ResolveArtifacts(_ context.Context, in *jobpb.ResolveArtifactsRequest) (*jobpb.ResolveArtifactsResponse, error) {
	return &jobpb.ResolveArtifactsResponse{Replacements: in.GetArtifacts()}, nil
}

func (r *bootRunner) GetArtifact(_ *jobpb.GetArtifactRequest, to jobpb.ArtifactRetrievalService_GetArtifactServer) error {
	r.fetched.Add(1)
	return to.Send(&jobpb.GetArtifactResponse{Data: r.program})
}

// stage is what the runner says of a program that it has staged in a bucket.
func stage(t *testing.T, sum string) []*pipepb.ArtifactInformation {
	t.Helper()
	payload, err := proto.Marshal(&pipepb.ArtifactUrlPayload{Url: "gs://bucket/staging/worker-" + sum, Sha256: sum})
	if err != nil {
		t.Fatal(err)
	}
	return []*pipepb.ArtifactInformation{{TypeUrn: artifact.URNUrlArtifact, TypePayload: payload, RoleUrn: artifact.URNGoWorkerBinaryRole}}
}

func serve(t *testing.T, r *bootRunner) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	fnpb.RegisterProvisionServiceServer(s, r)
	fnpb.RegisterBeamFnControlServer(s, r)
	jobpb.RegisterArtifactRetrievalServiceServer(s, r)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	options, err := structpb.NewStruct(map[string]any{"beam:option:go_options:v1": map[string]any{"options": map[string]any{"experiments": "x"}}})
	if err != nil {
		t.Fatal(err)
	}
	r.info = &fnpb.ProvisionInfo{
		PipelineOptions:    options,
		Dependencies:       r.info.GetDependencies(),
		ArtifactEndpoint:   &pipepb.ApiServiceDescriptor{Url: l.Addr().String()},
		LoggingEndpoint:    &pipepb.ApiServiceDescriptor{Url: l.Addr().String()},
		ControlEndpoint:    &pipepb.ApiServiceDescriptor{Url: l.Addr().String()},
		StatusEndpoint:     &pipepb.ApiServiceDescriptor{Url: l.Addr().String()},
		RunnerCapabilities: []string{"a", "b"},
	}
	return l.Addr().String()
}

// entryPoint is what the images start, but for where the program lies there.
func entryPoint(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../dataflow", name))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ENTRYPOINT \["/opt/retort/retort", "([^"]+)"\]$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has another ENTRYPOINT than /opt/retort/retort with one argument", name)
	}
	return []string{string(m[1])}
}

// started is this program, started as a container of an image is: by its entry point,
// with the arguments that runners give.
func started(t *testing.T, image, address string) (output string, err error) {
	t.Helper()
	args := append(entryPoint(t, image), "--id=sdk-0-0", "--logging_endpoint=127.0.0.1:3", "--artifact_endpoint=127.0.0.1:4", "--provision_endpoint="+address,
		"--control_endpoint=127.0.0.1:5", "--semi_persist_dir="+t.TempDir())
	program, err := exec.LookPath("small") // testscript made it of this test
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var images = []string{"Dockerfile", "cuda.Dockerfile"}

// TestBootBecomesTheStagedProgram, with what a worker is told, in both images.
func TestBootBecomesTheStagedProgram(t *testing.T) {
	for _, image := range images {
		r := &bootRunner{program: []byte("#!/bin/sh\nfor a; do echo \"arg $a\"; done\necho \"$STATUS_ENDPOINT $RUNNER_CAPABILITIES\"\ncat \"$PIPELINE_OPTIONS_FILE\"\nexit 7\n")}
		sum := sha256.Sum256(r.program)
		r.info = &fnpb.ProvisionInfo{Dependencies: stage(t, hex.EncodeToString(sum[:]))}
		address := serve(t, r)
		out, err := started(t, image, address)
		var exit *exec.ExitError
		if exit, _ = err.(*exec.ExitError); exit == nil || exit.ExitCode() != 7 {
			t.Fatalf("%s: %v:\n%s", image, err, out)
		}
		for _, want := range []string{"arg --worker=true\narg --id=sdk-0-0\narg --logging_endpoint=" + address + "\narg --control_endpoint=" + address + "\narg --semi_persist_dir=", address + " a b\n", `"beam:option:go_options:v1"`} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: want %q in\n%s", image, want, out)
			}
		}
	}
}

// TestBootKnowsItsOwnProgram: where the image has it already, nothing is fetched.
func TestBootKnowsItsOwnProgram(t *testing.T) {
	program, err := exec.LookPath("small")
	if err != nil {
		t.Fatal(err)
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	r := &bootRunner{info: &fnpb.ProvisionInfo{Dependencies: stage(t, hex.EncodeToString(sum[:]))}}
	out, err := started(t, images[0], serve(t, r))
	if err != nil || r.fetched.Load() != 0 || r.workers.Load() != 1 {
		t.Errorf("its own program, for a runner that has no work: %v, fetched %d times, %d workers:\n%s", err, r.fetched.Load(), r.workers.Load(), out)
	}
	if out, err := exec.CommandContext(t.Context(), program, "--boot").CombinedOutput(); err == nil {
		t.Errorf("without a runner:\n%s", out)
	}
}
