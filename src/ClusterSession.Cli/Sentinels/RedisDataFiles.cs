using System.Text;

namespace ClusterSession.Cli.Sentinels;

/// <summary>What a Redis keeps on disk, by its configuration.</summary>
/// <remarks>
/// Of the configuration only those directives are taken over that say where the data is and how it
/// is read. Whatever opens a door (ports, users, a master), writes, or limits memory stays out, and
/// with it what nobody has thought of.
/// </remarks>
internal sealed class RedisDataFiles
{
    private const int DeepestInclude = 8;

    private static readonly HashSet<string> Taken = new(StringComparer.OrdinalIgnoreCase)
    {
        "databases",
        "dbfilename",
        "appendfilename",
        "appenddirname",
        "aof-load-truncated",
        "rdbchecksum",
        "rdbcompression",
        "sanitize-dump-payload",
        "proto-max-bulk-len",
        "loadmodule",
    };

    private readonly List<string> _taken = [];
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    private RedisDataFiles(string file) => Read(file, depth: 0);

    /// <summary>Directory of the data.</summary>
    public string Directory => Path.GetFullPath(Value("dir", "."));

    /// <summary>Whether Redis reads its append-only file, and there is one.</summary>
    public bool IsAppendOnly => Value("appendonly", "no") == "yes" && AppendOnlyFiles().Any();

    /// <summary>The files that Redis reads at its start; none: there is no data yet.</summary>
    public IReadOnlyList<string> Files =>
        IsAppendOnly ? [.. AppendOnlyFiles()]
        : File.Exists(SnapshotFile) ? [SnapshotFile]
        : [];

    private string SnapshotFile => Path.Combine(Directory, Value("dbfilename", "dump.rdb"));

    /// <exception cref="IOException">The configuration cannot be read.</exception>
    public static RedisDataFiles Of(string configFile)
    {
        try
        {
            return new RedisDataFiles(configFile);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException(refused.Message, refused);
        }
    }

    /// <summary>Lines of a configuration by which a Redis reads this data and keeps none.</summary>
    public IEnumerable<string> Lines() =>
        [
            .. _taken,
            $"dir {Quoted(Directory)}",
            // With yes and no such file Redis would pass over the snapshot.
            $"appendonly {(IsAppendOnly ? "yes" : "no")}",
            "auto-aof-rewrite-percentage 0",
            "save \"\"",
        ];

    /// <summary>
    /// How long ago it was written last, by the clock of this host. The list of the files is
    /// written at a start too.
    /// </summary>
    public TimeSpan Age(TimeProvider time)
    {
        var written = Files
            .Where(one => !one.EndsWith(".manifest", StringComparison.Ordinal))
            .Select(File.GetLastWriteTimeUtc)
            .DefaultIfEmpty()
            .Max();
        var age = time.GetUtcNow().UtcDateTime - written;
        return age > TimeSpan.Zero ? age : TimeSpan.Zero;
    }

    /// <summary>Since Redis 7 they are several, in a directory of their own.</summary>
    private IEnumerable<string> AppendOnlyFiles()
    {
        var name = Value("appendfilename", "appendonly.aof");
        var (old, own) = (
            Path.Combine(Directory, name),
            Path.Combine(Directory, Value("appenddirname", "appendonlydir"))
        );
        return (File.Exists(old) ? [old] : Array.Empty<string>()).Concat(
            System.IO.Directory.Exists(own) ? System.IO.Directory.EnumerateFiles(own, name + "*") : []
        );
    }

    private string Value(string name, string absent) => _values.GetValueOrDefault(name, absent);

    private void Read(string file, int depth)
    {
        foreach (var line in File.ReadAllLines(file).Select(one => one.Trim()))
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var end = line.IndexOfAny([' ', '\t']);
            var (name, value) = end < 0 ? (line, "") : (line[..end], Unquoted(line[end..].Trim()));
            if (name.Equals("include", StringComparison.OrdinalIgnoreCase) && depth < DeepestInclude)
            {
                foreach (var included in Matches(value))
                {
                    Read(included, depth + 1);
                }

                continue;
            }

            _values[name] = value;
            if (Taken.Contains(name))
            {
                _taken.Add(line);
            }
        }
    }

    /// <summary>From Redis 7 on the name of an included file may be a pattern.</summary>
    private static string[] Matches(string path) =>
        path.AsSpan().ContainsAny('*', '?')
            ? System.IO.Directory.GetFiles(
                Path.GetDirectoryName(path) is { Length: > 0 } own ? own : ".",
                Path.GetFileName(path)
            )
            : [path];

    private static string Quoted(string word) =>
        $"\"{word.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>As Redis reads a word: in double quotes with escapes, or in single ones.</summary>
    private static string Unquoted(string word)
    {
        if (word.Length < 2 || word[0] != word[^1] || word[0] is not ('"' or '\''))
        {
            return word;
        }

        var text = new StringBuilder();
        for (var at = 1; at < word.Length - 1; at++)
        {
            if (word[at] == '\\' && at + 1 < word.Length - 1)
            {
                at++;
            }

            text.Append(word[at]);
        }

        return text.ToString();
    }
}
