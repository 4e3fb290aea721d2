using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Redis.Connection;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// A Lua script of this assembly: its text, and the name the server knows it by once it has seen
/// it.
/// </summary>
/// <remarks>
/// What runs behind the fence begins with more than the file: <see cref="Behind"/> puts the
/// lines in front that look for the lease record and answer FENCED (<see cref="ILeaseGate.Lua"/>).
/// </remarks>
internal sealed class RedisScript
{
    public static readonly RedisScript Commit = Load("commit.lua", writes: true);
    public static readonly RedisScript Merge = Load("merge.lua", writes: true);
    public static readonly RedisScript Destroy = Load("destroy.lua", writes: true);
    public static readonly RedisScript Touch = Load("touch.lua", writes: true);
    public static readonly RedisScript Read = Load("read.lua");
    public static readonly RedisScript List = Load("list.lua");
    public static readonly RedisScript MergeSurvey = Load("merge-survey.lua");
    public static readonly RedisScript MergeScan = Load("merge-scan.lua");
    public static readonly RedisScript MergeHeaders = Load("merge-headers.lua");
    public static readonly RedisScript ReadDocument = Load("document-read.lua");
    public static readonly RedisScript MergeDocument = Load("document-merge.lua", writes: true);

    private readonly byte[] _body;
    private readonly byte[] _sha;
    private readonly ConditionalWeakTable<ILeaseGate, RedisScript>? _fenced; // by connection; null: it does not write

    [SuppressMessage(
        "Security",
        "CA5350",
        Justification = "SHA-1 is how Redis names scripts; nothing is protected by it."
    )]
    private RedisScript(byte[] body, bool isToBeFenced)
    {
        _fenced = isToBeFenced ? [] : null;
        _body = body;
        _sha = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(body)));
    }

    /// <summary>The script as Lua text.</summary>
    public ReadOnlySpan<byte> Body => _body;

    /// <summary>Its SHA-1 in hexadecimal, for EVALSHA.</summary>
    public ReadOnlySpan<byte> Sha => _sha;

    /// <summary>
    /// This script with the lines of the gate in front, as it is sent where the server has to show
    /// a lease. This script itself, if it writes nothing or there is no gate.
    /// </summary>
    public RedisScript Behind(ILeaseGate? gate) =>
        gate is null || _fenced is null
            ? this
            : _fenced.GetValue(gate, of => new RedisScript(
                [.. Encoding.UTF8.GetBytes(of.Lua), .. _body],
                isToBeFenced: false
            ));

    /// <summary>
    /// A line of <c>--@name</c> in a script stands for another file, which is put in its place:
    /// what the scripts share.
    /// </summary>
    private static RedisScript Load(string name, bool writes = false)
    {
        var lines = ReadText(name)
            .Split('\n')
            .Select(static line =>
                line.TrimStart().StartsWith("--@", StringComparison.Ordinal)
                    ? ReadText(line.Trim()[3..] + ".lua")
                    : line
            );
        return new RedisScript(Encoding.UTF8.GetBytes(string.Join('\n', lines)), writes);
    }

    private static string ReadText(string name)
    {
        using var reader = new StreamReader(typeof(RedisScript).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
