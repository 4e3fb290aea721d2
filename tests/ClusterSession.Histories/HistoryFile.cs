using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClusterSession.Histories;

/// <summary>
/// A history as JSON lines, one object per line, each with exactly one of the properties
/// <c>run</c>, <c>event</c>, <c>fault</c>. Lines can be appended, cut with grep and read by any
/// tool; unknown properties are ignored, so that older programs read newer files.
/// </summary>
public static class HistoryFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private sealed record Line
    {
        public RunInfo? Run { get; init; }

        public HistoryEvent? Event { get; init; }

        public FaultEvent? Fault { get; init; }
    }

    public static async Task WriteAsync(History history, Stream stream, CancellationToken cancellationToken = default)
    {
        await using var writer = new StreamWriter(stream, leaveOpen: true);
        IEnumerable<Line> lines =
        [
            new Line { Run = history.Run },
            .. history.Faults.Select(f => new Line { Fault = f }),
            .. history.Events.Select(e => new Line { Event = e }),
        ];
        foreach (var line in lines)
        {
            await writer.WriteLineAsync(JsonSerializer.Serialize(line, Json).AsMemory(), cancellationToken);
        }
    }

    public static async Task WriteAsync(History history, string path, CancellationToken cancellationToken = default)
    {
        await using var stream = File.Create(path);
        await WriteAsync(history, stream, cancellationToken);
    }

    public static async Task<History> ReadAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        RunInfo? run = null;
        var events = new List<HistoryEvent>();
        var faults = new List<FaultEvent>();
        using var reader = new StreamReader(stream, leaveOpen: true);
        var number = 0;
        while (await reader.ReadLineAsync(cancellationToken) is { } text)
        {
            number++;
            if (text.Length == 0)
            {
                continue;
            }
            var line = Parse(text, number);
            run ??= line.Run;
            if (line.Event is not null)
            {
                events.Add(line.Event);
            }
            if (line.Fault is not null)
            {
                faults.Add(line.Fault);
            }
        }
        return new History
        {
            Run = run ?? throw new InvalidDataException("The history has no line with a \"run\": it is not whole."),
            Events = events,
            Faults = faults,
        };
    }

    public static async Task<History> ReadAsync(string path, CancellationToken cancellationToken = default)
    {
        await using var stream = File.OpenRead(path);
        return await ReadAsync(stream, cancellationToken);
    }

    private static Line Parse(string text, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(text, Json) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Line {number} of the history is not readable: {e.Message}", e);
        }
    }
}
