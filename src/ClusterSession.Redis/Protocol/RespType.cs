namespace ClusterSession.Redis.Protocol;

/// <summary>What a RESP value is. The members are the type bytes of the wire.</summary>
internal enum RespType : byte
{
    /// <summary>Nothing has been read yet.</summary>
    None = 0,

    /// <summary><c>+text</c></summary>
    SimpleString = (byte)'+',

    /// <summary><c>-CODE text</c></summary>
    SimpleError = (byte)'-',

    /// <summary><c>:123</c></summary>
    Integer = (byte)':',

    /// <summary><c>$3 abc</c></summary>
    BulkString = (byte)'$',

    /// <summary><c>*2 ...</c></summary>
    Array = (byte)'*',

    /// <summary><c>_</c>, and the RESP2 forms <c>$-1</c> and <c>*-1</c></summary>
    Null = (byte)'_',

    /// <summary><c>#t</c> or <c>#f</c></summary>
    Boolean = (byte)'#',

    /// <summary><c>,1.5</c>, also inf, -inf and nan</summary>
    Double = (byte)',',

    /// <summary><c>(12345678901234567890</c></summary>
    BigNumber = (byte)'(',

    /// <summary><c>!21 SYNTAX ...</c></summary>
    BulkError = (byte)'!',

    /// <summary><c>=8 txt:abcd</c></summary>
    VerbatimString = (byte)'=',

    /// <summary><c>%1 key value</c></summary>
    Map = (byte)'%',

    /// <summary><c>~2 ...</c></summary>
    Set = (byte)'~',

    /// <summary><c>&gt;2 ...</c>, out of the order of replies</summary>
    Push = (byte)'>',

    /// <summary><c>|1 key value</c>, comes before the value that it describes</summary>
    Attribute = (byte)'|',
}
