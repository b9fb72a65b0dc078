package dataflow

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
)

var autoscalings = []string{"NONE", "THROUGHPUT_BASED"}

// word is how a setting has to look.
type word struct {
	flag, value, want string
	fits              *regexp.Regexp
}

var (
	projectName = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	regionName  = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)
	zoneName    = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+-[a-z]$`)
	account     = regexp.MustCompile(`^[^@\s]+@[a-z0-9.-]+\.gserviceaccount\.com$`)
	netName     = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	subnetName  = regexp.MustCompile(`^(https://www\.googleapis\.com/compute/v1/projects/[^/]+/)?regions/([^/]+)/subnetworks/[a-z]([-a-z0-9]*[a-z0-9])?$`)
	keyName     = regexp.MustCompile(`^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$`)
	machineName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)
	jobName     = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	imageName   = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$`)
	labelKey    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	labelValue  = regexp.MustCompile(`^[a-z0-9_-]{0,63}$`)
	optionName  = regexp.MustCompile(`^[^,\s]+$`)
	bucketName  = regexp.MustCompile(`^gs://[a-z0-9]([a-z0-9._-]{0,220}[a-z0-9])?(/[^?#*\s]*)?$`)
	armMachine  = regexp.MustCompile(`^(t2a|c4a|n4a|a4x)-`)
)

func (r Runner) words() []word {
	return []word{
		{"project", r.Project, "the id of a project, such as my-project-1", projectName},
		{"region", r.Region, "a region, such as europe-west4", regionName},
		{"job-name", r.JobName, "at most 40 small letters, digits and -", jobName},
		{"service-account", r.ServiceAccount, "NAME@PROJECT.iam.gserviceaccount.com", account},
		{"network", r.Network, "the name of a network", netName},
		{"subnetwork", r.Subnetwork, "regions/REGION/subnetworks/NAME, or its URL", subnetName},
		{"kms-key", r.KMSKey, "projects/…/locations/…/keyRings/…/cryptoKeys/…", keyName},
		{"machine-type", r.Machine, "a type of machine, such as n2-standard-8", machineName},
		{"accelerator-machine-type", r.AcceleratorMachine, "a type of machine, such as g2-standard-8", machineName},
		{"container-image", r.Image, "HOST/PATH:TAG of an image", imageName},
		{"accelerator-image", r.AcceleratorImage, "HOST/PATH:TAG of an image", imageName},
	}
}

// Check says what of the settings is wrong, before anything is staged.
func (r Runner) Check() error {
	for _, w := range []word{{flag: "project", value: r.Project}, {flag: "region", value: r.Region}, {flag: "staging", value: r.Staging}} {
		if w.value == "" {
			return fmt.Errorf("--runner dataflow needs --project, --region and --staging gs://BUCKET/FOLDER; --%s is missing", w.flag)
		}
	}
	if zoneName.MatchString(r.Region) {
		return fmt.Errorf("--region %s: that is a zone; want its region, %s", r.Region, r.Region[:len(r.Region)-2])
	}
	for _, w := range r.words() {
		if w.value != "" && !w.fits.MatchString(w.value) {
			return fmt.Errorf("--%s %s: want %s", w.flag, w.value, w.want)
		}
	}
	if err := r.checkPlaces(); err != nil {
		return err
	}
	if err := r.checkWorkers(); err != nil {
		return err
	}
	if _, err := r.accelerator(); err != nil {
		return err
	}
	return r.checkExtras()
}

func (r Runner) checkPlaces() error {
	for flag, value := range map[string]string{"staging": r.Staging, "temp": r.Temp} {
		if value == "" {
			continue
		}
		if !bucketName.MatchString(value) {
			return fmt.Errorf("--%s %s: want gs://BUCKET/FOLDER: Dataflow reads it itself", flag, value)
		}
	}
	if m := subnetName.FindStringSubmatch(r.Subnetwork); m != nil && m[2] != r.Region {
		return fmt.Errorf("--subnetwork %s: it is in another region than --region %s", r.Subnetwork, r.Region)
	}
	if r.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(r.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && !loopback(u) {
		return fmt.Errorf("--dataflow-endpoint %s: want https://HOST/: credentials are sent there", u.Redacted())
	}
	return nil
}

func loopback(u *url.URL) bool {
	return u.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

func (r Runner) checkWorkers() error {
	for _, n := range []struct {
		flag        string
		value, most int
	}{{"disk-gb", r.DiskGB, 65536}, {"workers", r.Workers, 4000}, {"max-workers", r.MaxWorkers, 4000}, {"accelerator-max-workers", r.AcceleratorWorkers, 4000}, {"min-ram-gb", r.MinRAMGB, 65536}} {
		if n.value < 0 || n.value > n.most {
			return fmt.Errorf("--%s %d: want 1 to %d, or 0 for Dataflow's own", n.flag, n.value, n.most)
		}
	}
	if r.DiskGB > 0 && r.DiskGB < 10 {
		return fmt.Errorf("--disk-gb %d: want at least 10: the system and containers lie there too", r.DiskGB)
	}
	if r.MaxWorkers > 0 && r.Workers > r.MaxWorkers {
		return fmt.Errorf("--workers %d: they are more than --max-workers %d", r.Workers, r.MaxWorkers)
	}
	if r.Autoscaling != "" && !slices.Contains(autoscalings, r.Autoscaling) {
		return fmt.Errorf("--autoscaling %s: want one of %s", r.Autoscaling, strings.Join(autoscalings, ", "))
	}
	if r.Autoscaling == "NONE" && r.Workers == 0 {
		return fmt.Errorf("--autoscaling NONE: how many workers are there to be? (give --workers)")
	}
	for flag, machine := range map[string]string{"machine-type": r.Machine, "accelerator-machine-type": r.AcceleratorMachine} {
		if armMachine.MatchString(machine) {
			return fmt.Errorf("--%s %s: its processors are ARM's; workers are a program for amd64", flag, machine)
		}
	}
	return nil
}

func (r Runner) checkExtras() error {
	if len(r.Labels) > 64 {
		return fmt.Errorf("--job-label: %d labels; want at most 64", len(r.Labels))
	}
	for _, key := range pipelines.SortedKeys(r.Labels) {
		if !labelKey.MatchString(key) || !labelValue.MatchString(r.Labels[key]) {
			return fmt.Errorf("--job-label %s=%s: want small letters, digits, _ and -, at most 63 each, the key with a letter first", key, r.Labels[key])
		}
	}
	for flag, options := range map[string][]string{"service-option": r.ServiceOptions, "experiment": r.Experiments} {
		for _, o := range options {
			if !optionName.MatchString(o) {
				return fmt.Errorf("--%s %q: want one option, without spaces and commas", flag, o)
			}
			if strings.HasPrefix(o, "worker_accelerator=") {
				return fmt.Errorf("--%s %s: give it by --accelerator, so that only the jobs have one that want it", flag, o)
			}
		}
	}
	return nil
}

// Provides says what of the jobs cannot run on Dataflow.
func (r Runner) Provides(jobs []pipelines.JobPlan, root string) error {
	if err := r.Check(); err != nil {
		return err
	}
	if scheme := blob.Scheme(root); scheme != "gs" && scheme != "s3" {
		return fmt.Errorf("--out %s: workers of Dataflow do not reach this machine's files (want --out gs://BUCKET/FOLDER)", root)
	}
	for _, job := range jobs {
		for _, step := range job.Steps {
			for _, path := range step.Reads {
				if scheme := blob.Scheme(path); scheme != "gs" && scheme != "s3" {
					return fmt.Errorf("%s: it reads %s, which lies on this machine; workers of Dataflow do not reach it (copy it into a bucket and give its address, gs://…)", step.Name, path)
				}
			}
		}
		if job.Wants.Accelerator == pipelines.Needed && r.Accelerator == "" {
			return fmt.Errorf("%s: it needs an accelerator (give --accelerator type=nvidia-l4,count=1 and --accelerator-image, or another --backend)", strings.Join(job.Names(), ", "))
		}
		if _, _, err := r.program(job); err != nil {
			return err
		}
	}
	return nil
}
