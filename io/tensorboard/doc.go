// Package tensorboard writes and reads the event files that TensorBoard shows:
// TFRecord files of tensorflow.Event messages, named events.out.tfevents.*.
//
// The subset written: file_version first, then summaries of scalars
// (simple_value), images (encoded PNG or JPEG) and histograms.
//
//	message Event   { double wall_time = 1; int64 step = 2;
//	                  oneof what { string file_version = 3; Summary summary = 5; } }
//	message Summary { repeated Value value = 1; }
//	message Value   { string tag = 1; float simple_value = 2; Image image = 4;
//	                  HistogramProto histo = 5; TensorProto tensor = 8; SummaryMetadata metadata = 9; }
package tensorboard

// Prefix is how names of event files begin.
const Prefix = "events.out.tfevents."

const fileVersion = "brain.Event:2"
