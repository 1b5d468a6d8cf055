package prose

// The list is short on purpose: phrases that came back, that a reader of English
// as a second language stumbles over, and that a regular expression finds with
// hardly a false alarm. The rest is for the reviewer.
var patterns = []pattern{
	{
		name: "anew", phrase: `(?i)\banew\b`,
		why: "bookish", not: "is learned anew", but: "is learned again",
	},
	{
		name: "in-vain", phrase: `(?i)\bin vain\b`,
		why: "bookish, and hides what happened", not: "waits in vain for the peer", but: "times out waiting for the peer",
	},
	{
		name: "told", phrase: `(?i)\b(is|are|was|were|be|been|being|cannot be|not) told\b|\btold (apart|by)\b`,
		why: "passive: nobody does it",
		not: "the end is told by --peer", but: "--peer names the end",
	},
	{
		name:   "a-second",
		phrase: `(?i)\b(packets?|frames?|bytes?|bits?|times?|bursts?|once|twice|samples?|cycles?|ns|pps|thousand|million|=value|one|two|three|four|five|six|seven|eight|ten|\d+) an? (second|minute|packet|frame|call|side|line|node|pod|lcore|trial|thread|queue|port|CPU|core|direction|burst|turn|row|round|step|day)\b`,
		except: `(?i)second (time|one|queue|port|source|device|interface|signal|trial)|time a packet is|times a set`,
		why:    "a rate is per something",
		not:    "1000 packets a second", but: "1000 packets per second",
	},
	{
		name:   "as-example",
		phrase: "(?i)(, as ([\"'`:\\[]|[a-z_/]*\\d|[a-z]+=)|\\b(be|want CPUs|several|second|size|weights|release|these) as [\"'`:]?[a-z]*\\d)",
		except: "as `kubectl|as [`\"'a-z0-9_]+ (does|shows|gives|has|requires)",
		why:    "an example begins with \"such as\" or \"for example\"",
		not:    "a rate, as 1.5Mpps", but: "a rate, such as 1.5Mpps",
	},
	{
		name: "what-clause", limit: 15,
		phrase: `(?:^|[.:;\r] )What (?:[a-z]+ )|(?i)\b(of|to|with|from|by|than|for|in|at|on|but|is|are|all|as|about|like) what (is|was|are|were|has|had|it|they|a|an|the|we|you|podnet|this|that|its|can|cannot|could|does|comes?|came|may|must|would|one|he|no|each|every|some)\b`,
		except: `(?s)\?|(?i)(says?|tells?|shows?|is|see|sees|knows?|asks?|explains?|prints?|decides?) (of )?what `,
		why:    "a clause that stands for a noun: use the noun",
		not:    "What does not fit is lost", but: "Packets that do not fit are lost",
	},
	{
		name: "that-of", limit: 12, phrase: `(?i)\b(that|those) of\b`,
		why: "points back at a noun: repeat the noun, or use a possessive",
		not: "the rate is that of the port's link", but: "the rate is the link's",
	},
	{
		name: "of-which", limit: 6, phrase: `(?i)\bof which\b|\bof whom\b`, except: `(?i)\b(each|none|all|both|some|any|one|two|most) of which|of which (the first|only|%)`,
		why: "a sentence inside a sentence: make it two",
		not: "a packet of which it is not known", but: "podnet does not know",
	},
	{
		name: "but-for", phrase: `(?i)\bbut for\b|\bsave for\b|\bfor want of\b|\bbe it\b|\blest\b|\bmanieth\b|\bto be had\b`,
		why: "bookish",
		not: "all fields but for the name", but: "all fields except the name",
	},
	{
		name: "of-ours", phrase: `(?i)\bof (ours|yours|theirs)\b`,
		why: "a possessive is shorter",
		not: "a function of yours", but: "your function",
	},
	{
		name: "that-is-no", phrase: `(?i)\b(that|which) (is|are) (no|none)\b`, except: `(?i)(no (longer|more|other|less)|none of)`,
		why: "say \"not\", or name the other thing",
		not: "a path that is no socket", but: "a path that is not a socket",
	},
	{
		name: "there-because", phrase: `(?i)\b(is|are) there (because|for)\b`,
		why: "the reason is a sentence",
		not: "it is there for the tests", but: "tests use it",
	},
}
