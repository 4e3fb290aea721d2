using System.Globalization;
using ClusterSession.Cli.Shell;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ClusterSession.Cli.Generating;

/// <summary>
/// A mapping of a YAML file, read key by key: what is wrong is said with its line, its key and its
/// value, and what nobody has read is a spelling mistake.
/// </summary>
internal sealed class YamlReader
{
    private readonly string _file;
    private readonly string _path;
    private readonly YamlMappingNode _node;
    private readonly HashSet<string> _read = [];

    private YamlReader(string file, string path, YamlMappingNode node) => (_file, _path, _node) = (file, path, node);

    /// <summary>The mapping that a file consists of.</summary>
    /// <exception cref="ToolException">It is no YAML, or another kind of node.</exception>
    public static YamlReader Parse(string file, string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{file}, line {exception.Start.Line}: this is no YAML: {exception.Message}",
                "Correct the line: docs/deployment.md has an example."
            );
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }]
            ? new YamlReader(file, "", root)
            : throw new ToolException(
                ExitCode.Usage,
                $"{file} does not consist of keys and values.",
                "Write it as docs/deployment.md shows."
            );
    }

    /// <summary>The mapping under a key; null: there is none.</summary>
    public YamlReader? Mapping(string key) =>
        Find(key) switch
        {
            null => null,
            YamlMappingNode node => new YamlReader(_file, Full(key), node),
            var other => throw Wrong(other, key, "keys and values, each on a line of its own below it"),
        };

    /// <summary>The mappings of a list; none where the key is missing.</summary>
    public IReadOnlyList<YamlReader> List(string key) =>
        Find(key) switch
        {
            null => [],
            YamlSequenceNode nodes =>
            [
                .. nodes.Children.Select(
                    (node, i) =>
                        node is YamlMappingNode mapping
                            ? new YamlReader(_file, $"{Full(key)}[{i}]", mapping)
                            : throw Wrong(
                                node,
                                $"{key}[{i}]",
                                "keys and values, such as { name: redis-1, host: 10.0.0.11 }"
                            )
                ),
            ],
            var other => throw Wrong(other, key, "a list: a line that begins with - for each"),
        };

    public string Text(string key, Func<string, bool> isValid, string expected, string? otherwise = null)
    {
        if (Find(key) is not { } node)
        {
            return otherwise
                ?? throw new ToolException(
                    ExitCode.Usage,
                    $"{_file}, line {_node.Start.Line}: {Full(key)} is missing.",
                    $"Set it to {expected}."
                );
        }

        return node is YamlScalarNode { Value: { } value } && isValid(value) ? value : throw Wrong(node, key, expected);
    }

    public int Port(string key, int? otherwise = null) =>
        int.Parse(
            Text(
                key,
                value => int.TryParse(value, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65_535,
                "a port from 1 to 65535",
                otherwise?.ToString(CultureInfo.InvariantCulture)
            ),
            CultureInfo.InvariantCulture
        );

    public int Count(string key, int otherwise) =>
        int.Parse(
            Text(
                key,
                value =>
                    int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0,
                "a number above 0",
                otherwise.ToString(CultureInfo.InvariantCulture)
            ),
            CultureInfo.InvariantCulture
        );

    /// <summary>Whether the key is there.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>To be called when all keys were read.</summary>
    /// <exception cref="ToolException">There is one that nobody knows.</exception>
    public void End()
    {
        foreach (var key in _node.Children.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || !_read.Contains(name))
            {
                throw new ToolException(
                    ExitCode.Usage,
                    $"{_file}, line {key.Start.Line}: {Full(key.ToString())} is no setting.",
                    $"Known here: {string.Join(", ", _read.Order(StringComparer.Ordinal))}."
                );
            }
        }
    }

    /// <summary>A failure that names a key of this mapping.</summary>
    public ToolException Refusal(string key, string what, string remedy) =>
        new(ExitCode.Usage, $"{_file}, line {(Find(key) ?? _node).Start.Line}: {Full(key)} {what}", remedy);

    private YamlNode? Find(string key)
    {
        _read.Add(key);
        return _node.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
    }

    private ToolException Wrong(YamlNode node, string key, string expected) =>
        new(
            ExitCode.Usage,
            $"{_file}, line {node.Start.Line}: {Full(key)} is "
                + (node is YamlScalarNode { Value: { } value } ? $"'{value}'." : "of another kind."),
            $"Set it to {expected}."
        );

    private string Full(string key) => _path.Length == 0 ? key : $"{_path}.{key}";
}
