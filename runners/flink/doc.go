// Package flink proves runners/portable on a real Flink, by make flink-test: the
// cluster that its tests start is one to read when setting up one's own
// (docs/flink.md).
package flink
