package schema

// fabricIntro is the reference of fabric's result above its fields.
const fabricIntro = `For people and programs that read the result of ` + "`testpmd-wrapper fabric`" + `.

` + "`fabric`" + ` measures the fast path between all nodes of a cluster, for each ordered pair of nodes and each rail. A rail is
one of a pod's fast interfaces, numbered from 0 in their order. The result is one document. Its JSON Schema is
[fabric.schema.json](fabric.schema.json). ` + promise + `.

## Outliers

` + "`outliers`" + ` names what stands out, for example "node-7 is slow as receiver on rail 2: 41 % of the median". podnet
compares three figures of each pair: the rate, the loss ratio and the median round-trip time.

| kind | what it is |
|---|---|
| ` + "`rail`" + ` | the median of a rail is less than 90 % of the fastest rail's |
| ` + "`group`" + ` | at least three nodes, and a fifth of all, are slower than the others, and there is a gap between. These are often nodes of another generation. podnet compares them with each other |
| ` + "`sender`, `receiver`, `node`" + ` | a node, in one role or in both: three quarters of its pairs are bad, and at least two |
| ` + "`link`, `both-ways`" + ` | one pair, in one direction or in both; neither of its nodes explains it |
| ` + "`pattern`" + ` | more pairs than there are nodes, and no node explains them. Look for something that they share, such as a rack or an uplink |

A slow node does not make its peers outliers: each of them has one slow pair in that role, and the slow node explains
it. A figure is bad if it is 10 % below the median (rate), 50 % above it (round-trip time) or 0.001 above it (loss
ratio), and clearly outside the noise of the other pairs: seven standard deviations, which podnet estimates from the
pairs above the median. With few nodes the noise is hard to estimate, and smaller faults are not named: of two nodes
podnet can name only the direction.

A pair that is slow is not listed again for its loss or its round trips. Pairs that are not valid count too, and the text
says how many they are: a node whose generator is too slow stands out as a sender.

How often faults are found and how often noise is blamed is measured on simulated matrices by
` + "`go test -v ./internal/result/outlier`" + `. With noise of 3 % podnet finds each of the planted faults in at least 95 of
100 matrices, and blames noise in fewer than 1 of 100.

## Thresholds and exit codes

A threshold holds for each pair. A pair that is not valid neither meets nor misses one.

| flag | each pair has |
|---|---|
| ` + "`--min-fraction-of-median 0.9`" + ` | at least this part of the median rate of its rail |
| ` + "`--min-mpps`" + ` | at least this rate |
| ` + "`--max-loss`" + ` | at most this loss ratio |
| ` + "`--max-p99`" + ` | 99 % of its round trips within this time |

| exit code | meaning |
|---|---|
| 0 | every planned pair has valid figures, and they meet the thresholds |
| 4 | every planned pair has valid figures, and some miss a threshold |
| 5 | pairs have no figures, or figures that are not valid; ` + "`reason`" + ` counts them by cause and node |

Outliers do not change the exit code. Use ` + "`--min-fraction-of-median`" + ` for that.

## Forms

` + "`testpmd-wrapper report -o FORM FILE`" + ` writes a document in another form, and ` + "`fabric -o FORM`" + ` its own.

| form | content |
|---|---|
| ` + "`table`" + ` | the verdict, missed thresholds, outliers, a line per rail; up to 16 nodes the matrix of rates, above that the 20 slowest nodes; the slowest pairs |
| ` + "`json`" + ` | the document |
| ` + "`csv`" + ` | a row per pair and rails |
| ` + "`junit`" + ` | a case per node, one for the thresholds, one for the run. A node that was missing or whose own measurements are not valid has an error; its peers do not |
| ` + "`markdown`" + ` | a summary for a pull request |
| ` + "`openmetrics`" + ` | [figures per node, rail and role](#metrics), none per pair |
| ` + "`summary`" + ` | at most 4096 bytes, as for a termination message |
| ` + "`html`" + ` | a page with a heat map per rail |

The page loads nothing: its policy allows only its own script, by the script's hash. The script shows the rate, the loss, the
median or the 99th percentile of the round-trip times; it sorts rows and columns by index, by name, worst first or by
a chosen node; and it shows the figures of the cell that you point at, tap, or reach with the arrow keys. Without scripts,
as in some viewers of CI artifacts, the page has a picture of the rates and the same tables. These three pages are of
simulated runs of 6, 60 and 200 nodes:

![6 nodes, one slow as receiver](../images/fabric-6.png)

![60 nodes of two generations, and a dead one](../images/fabric-60.png)

![200 nodes, worst first: a slow receiver, a slow sender and a slow link](../images/fabric-200.png)

## Metrics

` + "`-o openmetrics`" + ` writes these, and the coordinator serves them while the run goes on, with ` + "`--metrics ADDRESS`" + ` at ` + "`/metrics`" + `
([the other answers](metrics.md)). They are brought up to date after each
round. A run has at most 16 series per node and rail, and none per pair.

| metric | is |
|---|---|
| ` + "`podnet_fabric_info{mode,run,rails,frame,version}`" + ` | always 1 |
| ` + "`podnet_fabric_complete{mode,run}`, `podnet_fabric_valid{mode,run}`" + ` | as in the document; 0 while the run goes on |
| ` + "`podnet_fabric_pairs{mode,run,state}`" + ` | planned pairs by state: ` + "`valid`, `invalid`, `missing`" + `, and while the run goes on ` + "`pending`" + `, which had no turn yet |
| ` + "`podnet_fabric_outliers{mode,run,kind}`" + ` | how many stand out; only when the run has ended |
| ` + "`podnet_fabric_median_packets_per_second{mode,run,from_rail,to_rail}`" + ` | median rate of the valid pairs of the rails |

These are per node, rail of the node and role (` + "`sender`" + ` or ` + "`receiver`" + `), with the labels ` + "`{mode,run,node,rail,role}`" + `. They are absent
before the node's first pair in that role; the figures also before its first pair that has some.

| metric | is |
|---|---|
| ` + "`podnet_fabric_node_measured_pairs`" + ` | the node's pairs that have figures, valid or not |
| ` + "`podnet_fabric_node_invalid_pairs`" + ` | of these, pairs that are not valid |
| ` + "`podnet_fabric_node_missing_pairs`" + ` | pairs that had their turn and have no figures |
| ` + "`podnet_fabric_node_packets_per_second`" + ` | median rate of its pairs |
| ` + "`podnet_fabric_node_least_packets_per_second`" + ` | least rate |
| ` + "`podnet_fabric_node_of_median_ratio`" + ` | its rate as a part of the rails' median |
| ` + "`podnet_fabric_node_loss_ratio`" + ` | largest loss |
| ` + "`podnet_fabric_node_rtt_seconds`" + ` | median of the pairs' median round-trip times |

## Limits

A document has at most 1000 nodes and 2 000 000 pairs, which is what 1000 nodes with two rails each have; ` + "`fabric`" + ` refuses to measure more.
With 1000 nodes and one rail it has about 570 MB. ` + "`report`" + ` reads it pair by pair, so that it needs less than 1.5 GiB of
memory for it, and refuses files above 2 GiB, numbers that nobody can have measured (a loss above 1, a rate
below 0), and documents of another schema. The error names the file and the place.

## In a ConfigMap

The ConfigMap of a run has at most 64 KiB: the keys ` + "`status.*`" + ` of [a result of bench](manifests.md), and below
` + "`status.result.`" + ` the counts ` + "`nodes`, `pairs`, `missing`, `invalid`" + `, the figures of each two rails
(` + "`rail.F.T.medianMpps`, `.leastMpps`, `.lossRatio`, `.rttP50Us`, `.rttP99Us`" + `, where F is the senders' rail and T is the
receivers'), a ` + "`summary`" + `, and as JSON ` + "`outliers`" + ` and the 100 slowest pairs, ` + "`worst`" + `, as far as there is room.

The whole document can stand in chunks, each in a ConfigMap of its own under the key ` + "`chunk`" + `, at most 32 of them. The key
` + "`result.manifest.json`" + ` then lists their names and SHA-256 checksums in order. The chunks, joined, are base64 of the
gzipped document.
`
