using System.Text;
using BenchmarkDotNet.Attributes;
using ClusterSession.MicroBenchmarks.Sessions;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.MicroBenchmarks.Redis;

/// <summary>
/// What the Redis store does with bytes: reply of read.lua to record, commit to command. No socket.
/// </summary>
public class RespBenchmarks
{
    private readonly SampleSession _session = new();
    private readonly RedisKeys _keys = new("cs");
    private readonly CopyLeases _leases = new(TimeSpan.FromSeconds(1));
    private readonly SendBuffer _output = new();
    private readonly RespScanner _scanner = new(RespLimits.Default);
    private readonly SessionDelta _delta = new();
    private RedisConnection _connection = null!;
    private byte[] _reply = [];
    private SessionVersion _version;

    [GlobalSetup]
    public void SetUp()
    {
        _connection = new RedisConnection(
            Stream.Null,
            new RedisEndpoint("127.0.0.1", 6379),
            new RedisOptions(),
            TimeProvider.System,
            null
        );
        _version = SampleSession.NextVersion();
        _delta.Set("a0", [1, 2, 3, 4, 5, 6, 7, 8]);
        _reply = ReplyTo(_session.Record);
    }

    [Benchmark(Description = "RESP: scan a reply of read.lua")]
    public int Scan() => _scanner.Scan(_reply);

    [Benchmark(Description = "RESP: reply of read.lua to record")]
    public object Parse()
    {
        var request = new ReadRequest(_keys, _session.Key, SessionVersion.None, _leases) { Connection = _connection };
        var completion = request.Completion;
        var reader = new RespReader(_reply);
        request.ParseReply(ref reader);
        return completion.GetAwaiter().GetResult().Record!;
    }

    [Benchmark(Description = "RESP: write a commit of one attribute")]
    public int WriteCommit()
    {
        _output.Clear();
        var change = new SessionChange(
            _session.Record.Version,
            _version,
            _delta,
            [],
            TimeSpan.FromMinutes(20),
            TimeSpan.FromMinutes(20)
        );
        var writer = new RespWriter(_output);
        new CommitRequest(_keys, _session.Key, change, _leases).WriteTo(ref writer);
        return _output.Length;
    }

    /// <summary>
    /// What a server answers for this record: the layout of <see cref="RedisKeys"/>, and the
    /// remaining life.
    /// </summary>
    private byte[] ReplyTo(SessionRecord record)
    {
        // MERGE carries header and fields in the form in which they are stored; they are its
        // arguments from the seventh on.
        var output = new SendBuffer();
        var writer = new RespWriter(output);
        var copy = new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromMinutes(20));
        new MergeRequest(_keys, _session.Key, copy, _leases).WriteTo(ref writer);
        var command = new RespReader(output.Written.Span);
        command.ReadArray();
        for (var i = 0; i < 7; i++)
        {
            command.Read();
        }

        using var reply = new MemoryStream();
        reply.Write(Encoding.ASCII.GetBytes($"*{3 + (2 * record.AttributeCount)}\r\n$1\r\nm\r\n"));
        for (var left = 1 + (2 * record.AttributeCount); left > 0; left--)
        {
            var bytes = command.ReadBytes();
            reply.Write(Encoding.ASCII.GetBytes($"${bytes.Length}\r\n"));
            reply.Write(bytes);
            reply.Write("\r\n"u8);
        }

        reply.Write(":1200000\r\n"u8); // The remaining life.
        output.Dispose();
        return reply.ToArray();
    }
}
