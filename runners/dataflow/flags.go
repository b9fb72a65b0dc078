package dataflow

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/retort-ml/retort/pipelines"
)

// flagsOf adds the flags, with r as their defaults, and returns their names.
func (r *Runner) flagsOf(f *pflag.FlagSet, labels *[]string) []string {
	f.StringVar(&r.Project, "project", r.Project, "dataflow: Google Cloud project that the jobs are in")
	f.StringVar(&r.Region, "region", r.Region, "dataflow: region that they run in, such as europe-west4")
	f.StringVar(&r.Staging, "staging", r.Staging, "dataflow: gs://BUCKET/FOLDER to stage this program and pipelines in")
	f.StringVar(&r.Temp, "temp", r.Temp, "dataflow: gs://BUCKET/FOLDER for its own files (default: tmp in --staging)")
	f.StringVar(&r.JobName, "job-name", r.JobName, "dataflow: what the names of jobs begin with (default: retort)")
	f.StringVar(&r.ServiceAccount, "service-account", r.ServiceAccount, "dataflow: NAME@PROJECT.iam.gserviceaccount.com that workers run as")
	f.StringVar(&r.Network, "network", r.Network, "dataflow: network of the workers")
	f.StringVar(&r.Subnetwork, "subnetwork", r.Subnetwork, "dataflow: regions/REGION/subnetworks/NAME of the workers, or its URL")
	f.BoolVar(&r.PrivateIPs, "private-ips", r.PrivateIPs, "dataflow: workers have no public addresses")
	f.StringVar(&r.KMSKey, "kms-key", r.KMSKey, "dataflow: projects/…/cryptoKeys/NAME that encrypts what it keeps")
	f.StringVar(&r.Machine, "machine-type", r.Machine, "dataflow: type of the workers' machines, such as n2-standard-8")
	f.IntVar(&r.DiskGB, "disk-gb", r.DiskGB, "dataflow: disk of each worker")
	f.IntVar(&r.Workers, "workers", r.Workers, "dataflow: workers to begin with")
	f.IntVar(&r.MaxWorkers, "max-workers", r.MaxWorkers, "dataflow: most workers")
	f.StringVar(&r.Autoscaling, "autoscaling", r.Autoscaling, "dataflow: "+strings.Join(autoscalings, " or "))
	f.IntVar(&r.MinRAMGB, "min-ram-gb", r.MinRAMGB, "dataflow: least memory of each worker, as a resource hint")
	f.StringVar(&r.Image, "container-image", r.Image, "dataflow: container of the workers (default: Beam's)")
	f.StringVar(&r.Binary, "worker-binary", r.Binary, "dataflow: what workers run, for linux/amd64 (default: this program)")
	f.StringVar(&r.Accelerator, "accelerator", r.Accelerator, "dataflow: for the stages that want one: type=nvidia-l4,count=1 and, if need be, driver=…")
	f.IntVar(&r.AcceleratorWorkers, "accelerator-max-workers", r.AcceleratorWorkers, "dataflow: most workers with accelerators, for stages whose work can be shared (default: 1)")
	f.BoolVar(&r.AcceleratorOption, "accelerator-option", r.AcceleratorOption, "dataflow: ask for it by the service option worker_accelerator, not by a resource hint")
	f.StringVar(&r.AcceleratorMachine, "accelerator-machine-type", r.AcceleratorMachine, "dataflow: type of the machines with accelerators (default: --machine-type)")
	f.StringVar(&r.AcceleratorImage, "accelerator-image", r.AcceleratorImage, "dataflow: container of those, with CUDA and XLA's plugin")
	f.StringVar(&r.AcceleratorBinary, "accelerator-binary", r.AcceleratorBinary, "dataflow: what those run, built with XLA (default: --worker-binary)")
	f.StringArrayVar(labels, "job-label", nil, "dataflow: KEY=VALUE on every job; may be given again")
	f.StringArrayVar(&r.ServiceOptions, "service-option", nil, "dataflow: an option of the service; may be given again")
	f.StringArrayVar(&r.Experiments, "experiment", nil, "dataflow: an experiment of the service; may be given again")
	f.StringVar(&r.Endpoint, "dataflow-endpoint", r.Endpoint, "dataflow: address of the API, where it is not Google's public one")
	f.BoolVar(&r.DryRun, "dry-run", r.DryRun, "dataflow: print the jobs as JSON and send nothing")
	var names []string
	f.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// AddFlags adds the runner's flags.
func (Runner) AddFlags(f *pflag.FlagSet) []string {
	var labels []string
	return new(Runner).flagsOf(f, &labels)
}

// Configured is the runner that the flags describe.
func (Runner) Configured(f *pflag.FlagSet) (pipelines.Runner, error) {
	var r Runner
	var labels []string
	own := pflag.NewFlagSet("dataflow", pflag.ContinueOnError)
	for _, name := range r.flagsOf(own, &labels) {
		given := f.Lookup(name)
		if given == nil || !given.Changed {
			continue
		}
		values := []string{given.Value.String()}
		if list, ok := given.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if err := own.Set(name, v); err != nil {
				return nil, err
			}
		}
	}
	for _, l := range labels {
		key, value, ok := strings.Cut(l, "=")
		if !ok {
			return nil, fmt.Errorf("--job-label %s: want KEY=VALUE", l)
		}
		if r.Labels == nil {
			r.Labels = map[string]string{}
		}
		if _, twice := r.Labels[key]; twice {
			return nil, fmt.Errorf("--job-label %s: %s is given twice", l, key)
		}
		r.Labels[key] = value
	}
	return r, r.Check()
}
